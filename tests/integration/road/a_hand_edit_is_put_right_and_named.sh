. "$(dirname "$0")/road.sh"
lab up --hosts 2 --routes 50
story "a route removed by hand is back, and the record names who removed it"
by_hand h1 route del 11.0.7.0/24
eventually 5 "11.0.7.0/24 back on h1" route_is_ours h1 11.0.7.0/24
eventually 5 "the record names the command" drift_says h1 '11.0.7.0/24.*ip -batch'
story "a route replaced by hand is taken back"
by_hand h1 route replace 11.0.8.0/24 dev eth0
eventually 5 "11.0.8.0/24 taken back" route_is_ours h1 11.0.8.0/24
eventually 5 "the record names the command" drift_says h1 '11.0.8.0/24.*ip -batch'
story "a route added by hand is listed as extra and left alone"
on h1 ip route add 203.0.113.0/24 via 10.77.255.1
eventually 5 "extra in the record" drift_says h1 '203.0.113.0/24.*extra'
must on h1 ip route show 203.0.113.0/24
story "the other host has no drift"
must test -z "$(drift_lines h2)"
story "the history tells it in order"
ctl host history h1 | grep -q 'removed by `ip -batch -`.*pid'
story "a command that is gone at once is named or counted as unknown, with its pid, never guessed"
on h1 ip route del 11.0.9.0/24
eventually 5 "11.0.9.0/24 back on h1" route_is_ours h1 11.0.9.0/24
eventually 5 "its record" drift_says h1 '11.0.9.0/24.*removed by .*pid [0-9]'
