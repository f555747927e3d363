-- Contacts `0` to `last`, each event a record of its own, two of three of another person; every
-- record has some five identifiers.
with

numbered as (
    select
        n,
        n // 3 * 2 + n % 3 // 2 as p,
        timestamptz '2025-01-01 00:00:00Z' + to_seconds(n) as moment
    from range($last) as numbers(n)
)

select
    n + 1 as position,
    'website' as source,
    'contact-' || n as event_key,
    'webhook' as kind,
    moment as received_at,
    md5('c' || n) as correlation_id,
    false as historical,
    'contact_updated' as event_type,
    'standard/contact_updated/1.0.0' as contract,
    cast(null as varchar) as problem_code,
    cast(null as varchar) as problem_path,
    cast(null as varchar) as problem_value,
    cast(to_json({
        'type': 'contact_updated',
        'timestamp': strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ'),
        'data': {
            'external_id': 'x' || n, 'user_id': 'u' || p, 'anonymous_id': 'v' || n,
            'email': 'person' || p || '@company' || p % 5000 || '.com',
            'phone': '+1 415 ' || lpad(cast(p % 10000000 as varchar), 7, '0'),
            'first_name': 'First' || p % 1000, 'last_name': 'Last' || p % 3000
        }
    }) as varchar) as body,
    sha256(cast(n as varchar)) as body_hash
from numbered
