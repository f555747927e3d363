with

links as (

    select * from {{ applied('stg_standard__identity_links') }} as links

),

sides as (

    {% for side, prefix in [('one', ''), ('other', 'other_')] %}
        select
            event_id,
            event_type,
            order_key,
            occurred_at,
            '{{ side }}' as side,
            {{ prefix }}record_id as named_record_id,
            {{ prefix }}person_id as named_person_id,
            {{ prefix }}user_id as named_user_id,
            {{ normalise_email(prefix ~ 'email') }} as named_email
        from links
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

records as (

    select * from {{ ref('int_contact_records') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}
    where rule in ('email', 'user')

),

-- The first that is given counts.
by_record as (

    select
        sides.*,
        records.record_id as referred_record_id
    from sides
    inner join records on sides.named_record_id = records.record_id

),

by_person as (

    select
        sides.*,
        records.record_id as referred_record_id
    from sides
    inner join records on sides.named_person_id = records.own_person_id
    where sides.named_record_id is null

),

by_identifier as (

    select
        sides.*,
        identifiers.record_id as referred_record_id
    from sides
    inner join identifiers
        on
            identifiers.identifier
            = coalesce('user:' || sides.named_user_id, 'email:' || sides.named_email)
    where sides.named_record_id is null and sides.named_person_id is null

),

found as (

    select * from by_record
    union all
    select * from by_person
    union all
    select * from by_identifier

),

resolved as (

    select
        event_id,
        event_type,
        order_key,
        side,
        referred_record_id as record_id,
        occurred_at
    from found

)

select * from resolved
