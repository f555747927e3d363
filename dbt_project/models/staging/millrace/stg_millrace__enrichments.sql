with

source as (

    select *
    from {{ ref('base_raw__events') }}
    where source = 'millrace' and event_type = 'person_enriched' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.person_id') }} as person_id,
        {{ json_text('body', '$.record_id') }} as record_id,
        {{ json_text('body', '$.email_sha256') }} as email_sha256,
        {{ json_text('body', '$.vendor_id') }} as vendor_id_given,

        {{ json_text('body', '$.destination') }} as destination,
        {{ json_text('body', '$.job_title') }} as job_title,
        {{ json_text('body', '$.seniority') }} as seniority,
        {{ json_text('body', '$.company') }} as company,
        {{ json_text('body', '$.company_domain') }} as company_domain,
        {{ json_text('body', '$.employees') }} as employees,
        {{ json_text('body', '$.industry') }} as industry,
        {{ json_text('body', '$.country') }} as country,
        {{ json_text('body', '$.city') }} as city,
        {{ json_text('body', '$.linkedin_url') }} as linkedin_url,
        {{ json_text('body', '$.phone') }} as phone,

        coalesce({{ json_text('body', '$.is_match') }} = 'true', false) as is_match,

        {{ timestamp_from_iso(json_text('body', '$.occurred_at')) }} as occurred_at
    from source

)

select * from renamed
