with

unasked as (

    select
        golden.person_id,
        purposes.purpose,
        purposes.channel,
        0 as said_as,
        case
            when purposes.basis = 'legitimate_interest' then 'granted' else 'missing'
        end as status,
        case
            when purposes.basis = 'legitimate_interest' then 'legitimate_interest'
        end as lawful_basis,
        cast(null as {{ dbt.type_string() }}) as consent_id,
        {{ no_timestamp() }} as decided_at,
        golden.first_seen_at as valid_from
    from {{ ref('int_golden_records') }} as golden
    cross join {{ ref('consent_purposes') }} as purposes

),

said as (

    select
        person_id,
        purpose,
        channel,
        said_as,
        status,
        lawful_basis,
        consent_id,
        decided_at,
        changed_at as valid_from
    from {{ ref('int_consent_changes') }}

),

moments as (

    select * from unasked
    union all
    select * from said

),

bounded as (

    select
        *,
        lead(valid_from) over (
            partition by person_id, purpose, channel
            order by said_as
        ) as valid_to
    from moments

),

intervals as (

    select
        person_id,
        purpose,
        channel,
        status,
        lawful_basis,
        consent_id,
        decided_at,
        valid_from,
        valid_to
    from bounded
    where valid_to is null or valid_to > valid_from

)

select * from intervals
