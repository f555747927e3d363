with

changes as (

    select * from {{ ref('stg_hubspot__contact_changes') }}

),

forgotten as (

    select
        position,
        cast(null as {{ dbt.type_string() }}) as channel
    from changes
    where change_type = 'privacy_deletion'

),

opted_out as (

    select
        changes.position,
        'email' as channel
    from changes
    inner join {{ ref('hubspot_property_map') }} as property_map
        on
            property_map.object_type = 'contact'
            and property_map.canonical_field = 'email_opt_out'
            and changes.property_name = property_map.property
    -- To take the mark away again is no consent: only what the person says is.
    where changes.change_type = 'property' and lower(changes.property_value) in ('true', 'yes', '1')

),

refusals as (

    select * from forgotten
    union all
    select * from opted_out

),

statements as (

    select
        position,
        cast(null as {{ dbt.type_string() }}) as purpose,
        channel,
        'withdrawn' as status,
        cast(null as {{ dbt.type_string() }}) as lawful_basis
    from refusals

)

select * from statements
