-- What is sent for a purpose goes through one channel.
select purpose
from {{ ref('consent_purposes') }}
group by purpose
having sum(case when is_main then 1 else 0 end) <> 1
