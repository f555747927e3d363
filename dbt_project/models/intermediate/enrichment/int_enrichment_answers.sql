with

enrichments as (

    select * from {{ applied('stg_millrace__enrichments') }} as enrichments

),

record_people as (

    select * from {{ ref('int_record_people') }}

),

answers as (

    select
        record_people.person_id,
        enrichments.destination,
        enrichments.email_sha256,
        max(enrichments.occurred_at) as answered_at
    from enrichments
    inner join record_people on enrichments.record_id = record_people.record_id
    group by record_people.person_id, enrichments.destination, enrichments.email_sha256

)

select * from answers
