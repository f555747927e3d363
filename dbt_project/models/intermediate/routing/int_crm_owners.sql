with

told as (

    select
        record_people.person_id,
        {{ latest(
            "coalesce(changes.property_value, '')", order_key_in('contact_events')
        ) }}
            as hubspot_owner_id,
        max(contact_events.occurred_at) as owner_since
    from {{ ref('stg_hubspot__contact_changes') }} as changes
    inner join {{ ref('hubspot_property_map') }} as property_map
        on
            changes.property_name = property_map.property
            and property_map.object_type = 'contact'
            and property_map.canonical_field = 'owner'
    inner join {{ ref('int_contact_events') }} as contact_events
        on changes.position = contact_events.position
    inner join {{ ref('int_record_people') }} as record_people
        on contact_events.record_id = record_people.record_id
    where
        changes.change_type = 'property'
        -- HubSpot also tells us what integrations wrote, which is what we decided ourselves.
        and coalesce(changes.change_source, '') <> 'INTEGRATION'
    group by record_people.person_id

),

reps as (

    select * from {{ ref('reps') }}
    where hubspot_owner_id is not null

),

owners as (

    select
        told.person_id,
        told.hubspot_owner_id,
        reps.rep_id,
        reps.email as owner_email,
        reps.rep_id is not null and reps.is_active and not reps.is_fallback as can_work,
        told.owner_since
    from told
    left join reps on told.hubspot_owner_id = reps.hubspot_owner_id
    where
        told.hubspot_owner_id <> ''
        -- Who left the team owns nothing any more; who never was in it is none of our business.
        and (reps.rep_id is null or reps.is_active)

)

select * from owners
