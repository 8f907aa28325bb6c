. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 2000
on h1 ip route flush proto 79
eventually 10 "2,000 routes back" has_ours h1 2000
eventually 10 "no open drift left" no_drift
must test "$(metric h1 'ondol_agent_route_repairs_total{outcome="repaired"}')" -ge 2000
