select count(*) as live_versions
from {{ ref('score_versions') }}
where status = 'live'
having count(*) <> 1
