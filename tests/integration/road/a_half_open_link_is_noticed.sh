. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 10
session_up() { [ "$(metric h1 ondol_agent_session_connected)" = 1 ]; }
session_lost() { [ "$(metric h1 ondol_agent_session_connected)" = 0 ]; }
# What arrives at either end of the wire is dropped there, unseen by both kernels' TCP: no reset, no error.
cut_silently() {
  on h1 nft -f - <<'NFT'
table netdev half_open {
  chain arriving {
    type filter hook ingress device "eth0" priority 0; policy drop;
  }
}
NFT
  on collector nft -f - <<'NFT'
table netdev half_open {
  chain arriving {
    type filter hook ingress device "v-h1" priority 0; policy drop;
  }
}
NFT
}
story "packets vanish both ways: both ends notice within 15 s"
eventually 10 "a session before it" session_up
cut_silently
since=$SECONDS
eventually 15 "the agent notices" session_lost
eventually $((15 - SECONDS + since)) "the collector notices" host_is h1 silent
story "routes are enforced meanwhile, and a new revision waits"
on h1 ip route flush proto 79
eventually 5 "put back with the link dead" has_ours h1 10
sed -i '/list:/a\    - { to: 11.9.9.0/24, via: "{{ gateway }}", reason: later }' "$(lab_dir)/fleet/layers/global.yaml"
ctl config apply "$(lab_dir)/fleet" >/dev/null
story "the link heals: the session is back, and the new generation is applied once"
on collector nft delete table netdev half_open
on h1 nft delete table netdev half_open
eventually 60 "the session is back" host_is h1 online
eventually 20 "the new route is there" has_ours h1 11
eventually 20 "no drift in the end" no_drift
told_once() { [ "$(ctl host history h1 | grep -c 'generation 2 confirmed')" = 1 ]; }
eventually 5 "generation 2 is told as confirmed" told_once
eventually 5 "session counted as up" session_up
must told_once
