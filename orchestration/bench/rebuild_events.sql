-- The events `first` to `last` of a made-up log of `people` people, as `millrace run` would have
-- loaded them; the same for the same numbers. Events come in sessions of `session` of one person,
-- some people in far more than others. One follows the other by six seconds, from `start` on, but
-- for one in a hundred that comes a day late.
with

numbered as (
    select
        n,
        n // $session as visit,
        cast(hash(n) % 1000 as bigint) as draw,
        pow((hash(n // $session) % 1000003) / 1000003.0, 1.5) as place
    from range($first, $last) as numbers(n)
),

timed as (
    select
        n,
        visit,
        draw,
        cast(floor(place * $people) as bigint) as p,
        cast($start as timestamptz)
        + to_milliseconds(n * 6000)
        - to_milliseconds(case when n % 100 = 0 then 86400000 else 0 end) as moment
    from numbered
),

typed as (
    select
        *,
        case
            when draw < 540 then 'page_view'
            when draw < 700 then 'email_open'
            when draw < 780 then 'email_click'
            when draw < 810 then 'form_submit'
            when draw < 840 then 'form_response'
            when draw < 860 then 'webinar_attend'
            when draw < 890 then 'contact.propertyChange'
            when draw < 910 then 'deal.propertyChange'
            when draw < 916 then 'deal.associationChange'
            when draw < 930 then 'meeting_booked'
            when draw < 935 then 'meeting_outcome'
            when draw < 950 then 'consent_changed'
            when draw < 955 then 'email_unsubscribed'
            when draw < 965 then 'payment_succeeded'
            when draw < 985 then 'track'
            when draw < 988 then 'account_updated'
            when draw < 990 then 'ad_spend'
            when draw < 991 then 'contact.merge'
            when draw < 999 then 'contact_updated'
            else 'company_party'
        end as event_type,
        'person' || p || '@' || (case when p % 3 = 0 then 'gmail.com' else 'company' || p % 5000 || '.com' end)
            as email,
        lpad(cast(p % 10000000 as varchar), 7, '0') as seven_digits,
        strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ') as told_at,
        cast(epoch_ms(moment) as varchar) as told_ms
    from timed
),

worded as (
    select
        *,
        case
            when event_type = 'form_response' then 'typeform'
            when event_type like '%.%' then 'hubspot'
            when event_type = 'track' then 'segment'
            else 'website'
        end as source,
        case
            when event_type = 'form_response' then cast(to_json({
                'event_id': 'f' || n, 'event_type': event_type,
                'form_response': {
                    'form_id': 'lT4Z3j', 'token': 'token' || n, 'submitted_at': told_at,
                    'hidden': {
                        'utm_source': ['google', 'linkedin', 'newsletter'][n % 3 + 1],
                        'utm_medium': 'cpc', 'utm_campaign': 'campaign ' || n % 40,
                        'anonymous_id': 'v' || p
                    },
                    'answers': [
                        to_json({'type': 'email', 'email': email, 'field': {'id': 'a', 'ref': 'email'}}),
                        to_json({'type': 'text', 'text': 'First' || p % 1000, 'field': {'id': 'b', 'ref': 'first_name'}}),
                        to_json({'type': 'text', 'text': 'Last' || p % 3000, 'field': {'id': 'c', 'ref': 'last_name'}}),
                        to_json({'type': 'text', 'text': 'VP Sales', 'field': {'id': 'd', 'ref': 'job_title'}})
                    ]
                }
            }) as varchar)
            when event_type = 'contact.propertyChange' then cast(to_json({
                'eventId': n, 'portalId': 7, 'occurredAt': epoch_ms(moment), 'subscriptionType': event_type,
                'objectId': p, 'changeSource': 'CRM_UI',
                'propertyName': ['email', 'firstname', 'lastname', 'jobtitle'][n % 4 + 1],
                'propertyValue': [email, 'First' || p % 1000, 'Last' || p % 3000, 'Head of Sales'][n % 4 + 1]
            }) as varchar)
            when event_type = 'deal.propertyChange' then cast(to_json({
                'eventId': n, 'portalId': 7, 'occurredAt': epoch_ms(moment), 'subscriptionType': event_type,
                'objectId': p, 'changeSource': 'CRM_UI',
                'propertyName': ['dealstage', 'amount'][n % 2 + 1],
                'propertyValue': [
                    ['appointmentscheduled', 'closedwon', 'closedlost'][draw % 3 + 1],
                    cast(100 + n % 9000 as varchar)
                ][n % 2 + 1]
            }) as varchar)
            when event_type = 'deal.associationChange' then cast(to_json({
                'eventId': n, 'portalId': 7, 'occurredAt': epoch_ms(moment), 'subscriptionType': event_type,
                'associationType': 'DEAL_TO_CONTACT', 'fromObjectId': p, 'toObjectId': p,
                'associationRemoved': false, 'isPrimaryAssociation': true
            }) as varchar)
            when event_type = 'contact.merge' then cast(to_json({
                'eventId': n, 'portalId': 7, 'occurredAt': epoch_ms(moment), 'subscriptionType': event_type,
                'objectId': p, 'primaryObjectId': p, 'mergedObjectIds': [$people + p],
                'newObjectId': p, 'numberOfPropertiesMoved': 1
            }) as varchar)
            when event_type = 'track' then cast(to_json({
                'type': 'track', 'event': 'Email Opened', 'messageId': 'm' || n, 'timestamp': told_at,
                'anonymousId': 'v' || p, 'userId': case when p % 3 = 0 then 'u' || p end,
                'properties': {'url': 'https://www.example.com/'}
            }) as varchar)
            when event_type = 'ad_spend' then cast(to_json({
                'type': event_type, 'timestamp': told_at,
                'data': {
                    'date': strftime(moment, '%Y-%m-%d'), 'platform': ['google', 'linkedin'][n % 2 + 1],
                    'account': 'a1', 'campaign_id': 'c' || n % 40, 'campaign_name': 'campaign ' || n % 40,
                    'amount': cast(10 + n % 300 as varchar), 'currency': 'USD', 'impressions': 1000, 'clicks': 20
                }
            }) as varchar)
            when event_type = 'account_updated' then cast(to_json({
                'type': event_type, 'timestamp': told_at,
                'data': {
                    'domain': 'company' || p % 5000 || '.com', 'name': 'Company ' || p % 5000,
                    'industry': 'software', 'employees': 10 + p % 4000, 'country': 'US'
                }
            }) as varchar)
            else
                '{"type":"' || event_type || '","timestamp":"' || told_at || '","data":{"session_id":"'
                || md5('s' || visit) || '","language":"en-US","viewport":"1440x900"'
                || ',"page_title":"Pricing and plans for teams of every size"'
                || concat(
                    case when draw < 540 or draw between 780 and 809 then ',"anonymous_id":"v' || p || '"' end,
                    case when p % 3 = 0 and draw < 540 then ',"user_id":"u' || p || '"' end,
                    case
                        when draw < 540 then null
                        when draw = 700 and p % 7 = 0 then ',"email":"not an address"'
                        else ',"email":"' || email || '"'
                    end,
                    case
                        when draw between 780 and 809 then ',"phone":"+1 415 ' || seven_digits
                            || '","first_name":"First' || p % 1000 || '","last_name":"Last' || p % 3000
                            || '","company":"Company ' || p % 5000 || '","country":"US"'
                    end,
                    case
                        when n % 5 = 0 then ',"utm_source":"' || ['google', 'linkedin', 'bing', 'newsletter'][n % 4 + 1]
                            || '","utm_medium":"' || ['cpc', 'social', 'email'][n % 3 + 1]
                            || '","utm_campaign":"campaign ' || n % 40 || '"'
                    end,
                    case when draw < 540 then ',"page_url":"https://www.example.com/pages/' || n % 200 || '"' end,
                    case when draw < 540 and n % 4 = 0 then ',"referrer":"https://www.google.com/"' end,
                    case
                        when event_type = 'consent_changed' then ',"purpose":"' || ['advertising', 'email'][n % 2 + 1]
                            || '","status":"' || ['granted', 'granted', 'withdrawn'][n % 3 + 1] || '"'
                    end,
                    case when event_type = 'meeting_outcome' then ',"outcome":"' || ['attended', 'no_show'][n % 2 + 1] || '"' end,
                    case when event_type = 'payment_succeeded' then ',"amount":"' || 20 + n % 500 || '","currency":"USD"' end
                ) || '}}'
        end as body
    from typed
)

select
    n + 1 as position,
    source,
    'bench-' || lpad(cast(n as varchar), 9, '0') as event_key,
    'webhook' as kind,
    moment + to_seconds(2) as received_at,
    md5('c' || n) as correlation_id,
    false as historical,
    case when event_type <> 'company_party' then event_type end as event_type,
    case
        when event_type = 'company_party' then null
        when source = 'website' then 'standard/' || event_type || '/1.0.0'
        else source || '/' || event_type || '/1.0.0'
    end as contract,
    case
        when event_type = 'company_party' then 'EVENT_TYPE_UNKNOWN'
        when draw = 998 then 'FIELD_MISSING'
    end as problem_code,
    case when draw = 998 then '/data/email' end as problem_path,
    case when draw = 998 then 'missing' end as problem_value,
    body,
    sha256(cast(n as varchar)) as body_hash
from worded
