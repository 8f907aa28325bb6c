. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 10
gateway=10.77.255.1
layers=$(lab_dir)/fleet
write() { # ROUTES...: the lab's ten and these
  local to
  cp "$road_work/global.yaml" "$layers/layers/global.yaml"
  for to in "$@"; do sed -i "/list:/a\    - { to: $to, via: \"{{ gateway }}\", reason: later }" "$layers/layers/global.yaml"; done
  ctl config apply "$layers" >/dev/null
}
cp "$layers/layers/global.yaml" "$road_work/global.yaml"
shows() { grep -q "$1" <<<"$(ctl host show h1)"; }
last_result() { shows "last result: *generation $1 $2"; }
story "a route of a DHCP client holds a wanted key: the kernel refuses it in a scratch namespace, and nothing is touched"
on h1 ip route add 11.9.9.0/24 via $gateway proto dhcp
before=$(on h1 ip route)
write 11.9.7.0/24 11.9.9.0/24
eventually 20 "refused" last_result 2 refused
must test "$(on h1 ip route)" = "$before"
must shows 11.9.9.0/24
story "a daemon's route beside a static one that would be taken over: refused as well, both stay"
on h1 ip route add 11.9.8.0/24 via $gateway dev eth0 proto static
on h1 ip route append 11.9.8.0/24 via $gateway dev eth0 onlink proto bird
before=$(on h1 ip route)
write 11.9.7.0/24 11.9.8.0/24
eventually 20 "refused" last_result 3 refused
must test "$(on h1 ip route)" = "$before"
must shows 'held by a bird route'
story "the keys are free again: the same intent is applied"
on h1 ip route del 11.9.8.0/24 proto bird
write 11.9.7.0/24 11.9.8.0/24 11.9.6.0/24
eventually 20 "13 routes" has_ours h1 13
must route_is_ours h1 11.9.8.0/24
must last_result 4 confirmed
