{% set of_use = 'partition by person_id, purpose, channel' %}
{% set so_far = of_use ~ ' order by said_as rows between unbounded preceding and current row' %}

with

voices as (

    select * from {{ ref('int_consent_voices') }}

),

-- What a voice says now counts, what it said before does no longer.
steps as (

    select
        *,
        case when status = 'withdrawn' then 1 else 0 end
        - case when previous_status = 'withdrawn' then 1 else 0 end as withdrawn_step,
        case when status = 'declined' then 1 else 0 end
        - case when previous_status = 'declined' then 1 else 0 end as declined_step
    from voices

),

counted as (

    select
        *,
        sum(withdrawn_step) over ({{ so_far }}) as withdrawn_voices,
        sum(declined_step) over ({{ so_far }}) as declined_voices
    from steps

),

weighed as (

    select
        *,
        status = 'granted' and withdrawn_voices + declined_voices = 0 as is_grant,
        status = 'granted' and withdrawn_voices + declined_voices > 0 as is_overruled
    from counted

),

judged as (

    select
        *,
        case
            when is_grant then 'granted'
            when withdrawn_voices > 0 then 'withdrawn'
            when max(case when is_grant then 1 else 0 end) over ({{ so_far }}) = 1
                then 'withdrawn'
            else 'missing'
        end as effective_status
    from weighed

),

standing as (

    select
        judged.person_id,
        judged.purpose,
        judged.channel,
        judged.said_as,
        {{ latest('refusals.said_as', 'refusals.said_as') }} as standing_as
    from judged
    inner join voices as refusals
        on
            judged.person_id = refusals.person_id
            and judged.purpose = refusals.purpose
            and judged.channel = refusals.channel
            and judged.said_as > refusals.said_as
            and judged.said_as < coalesce(refusals.revised_as, judged.said_as + 1)
    where judged.is_overruled and refusals.status <> 'granted'
    group by judged.person_id, judged.purpose, judged.channel, judged.said_as

),

decided as (

    select
        judged.person_id,
        judged.purpose,
        judged.channel,
        judged.said_as,
        judged.effective_status as status,
        deciding.lawful_basis,
        deciding.consent_id,
        deciding.occurred_at as decided_at,
        judged.occurred_at as changed_at
    from judged
    left join standing
        on
            judged.person_id = standing.person_id
            and judged.purpose = standing.purpose
            and judged.channel = standing.channel
            and judged.said_as = standing.said_as
    inner join voices as deciding
        on
            judged.person_id = deciding.person_id
            and judged.purpose = deciding.purpose
            and judged.channel = deciding.channel
            and deciding.said_as = coalesce(standing.standing_as, judged.said_as)

),

changes as (

    select *
    from decided
    qualify
        coalesce(
            lag(status || ' ' || consent_id) over ({{ of_use }} order by said_as), ''
        ) <> status || ' ' || consent_id

)

select * from changes
