. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 10
on h1 ip route del 11.0.3.0/24
eventually 5 "repaired" route_is_ours h1 11.0.3.0/24
story "promtool finds nothing to criticise"
on h1 curl -s http://10.77.0.3:9790/metrics >"$road_work/agent.txt"
on collector curl -s http://10.77.255.1:9791/metrics >"$road_work/collector.txt"
promtool check metrics <"$road_work/agent.txt"
promtool check metrics <"$road_work/collector.txt"
story "a real Prometheus scrapes both"
cat >"$road_work/prometheus.yml" <<YAML
global: { scrape_interval: 1s }
scrape_configs:
  - { job_name: ondol, static_configs: [ { targets: ["10.77.255.1:9791", "10.77.0.3:9790"] } ] }
YAML
on collector prometheus --config.file="$road_work/prometheus.yml" --storage.tsdb.path="$road_work/tsdb" \
  --web.listen-address=127.0.0.1:9090 >"$road_work/prometheus.log" 2>&1 &
scraped() { on collector curl -sG --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query | grep -q "\"$2\""; }
eventually 30 "both targets up" scraped 'sum(up)' 2
eventually 30 "the repair counted" scraped 'sum(ondol_agent_route_repairs_total{outcome="repaired"})' 1
kill %1
