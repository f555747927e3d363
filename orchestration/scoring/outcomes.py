"""What a lead is good for: when each person first had it, as SQL over the marts."""

OUTCOMES = {
    "opportunity": """
        select person_id, min(happened_at) from (
            select person_id, created_at as happened_at from marts.fct_opportunities
            where person_id is not null
            union all
            select person_id, converted_at from marts.fct_conversions
        ) group by person_id
    """,
    "customer": "select person_id, min(converted_at) from marts.fct_conversions group by person_id",
}
