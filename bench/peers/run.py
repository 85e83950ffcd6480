#!/usr/bin/env python3
"""run.py WORKLOAD... [--peers a,b] [--threads 1,2] [--dtype f32,f64] [--json out.json]
run.py WORKLOAD --pair 'COMMAND' [--peers a,b] [--rounds 5]

Runs each asked peer in its own process (its own virtual environment) and prints a table.  With --pair, COMMAND (which must print the same JSON
line) and each peer are run alternately and the ratio peer/command of ns_per_unit is printed as median [min, max].
run.py --list shows workloads and peers.  A prefix selects all its variants: `coba` = coba-4k and coba-40k."""
import argparse, json, os, statistics, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("PEERS_VENV") or os.path.expanduser("~/.cache/engram-peers")
VENV = dict(bp231="bp231", bpnew="bpnew", brian2="brian", scipy="scipy", brainevent="bpnew",
            snntorch="torchv", spikingjelly="torchv", norse="torchv")
NCPU = len(os.sched_getaffinity(0))
F32, ALL = [(NCPU, "f32")], [(1, "f32"), (NCPU, "f32"), (1, "f64"), (NCPU, "f64")]
BOTH, ONE_ALL = [(NCPU, "f32"), (NCPU, "f64")], [(1, "f32"), (NCPU, "f32")]
# workload: (script stem, arguments, {peer: (extra arguments, [(threads, dtype)...])})
W = {
    "coba-4k": ("coba", "--n 4000 --steps 10000", dict(bp231=("", BOTH), bpnew=("", F32), brian2=("", ALL), limit=("", ALL))),
    "coba-40k": ("coba", "--n 40000 --steps 2000", dict(bp231=("", F32), bpnew=("--steps 500", F32), brian2=("", ALL), limit=("", ALL))),
    "coba-400k": ("coba", "--n 400000 --steps 300", dict(limit=("", ALL))),
    "snn_train-latency": ("snn_train", "--kind latency", dict(bp231=("", F32), bpnew=("", F32), snntorch=("", F32), spikingjelly=("", F32), norse=("", F32), limit=("", ONE_ALL))),
    "snn_train-poisson": ("snn_train", "--kind poisson", dict(bp231=("", F32), bpnew=("", F32), snntorch=("", F32), spikingjelly=("", F32), norse=("", F32), limit=("", ONE_ALL))),
    "linlif-512": ("linlif", "--n 512 --batch 16 --steps 500", dict(snntorch=("", F32), spikingjelly=("", F32), norse=("", F32), limit=("", ONE_ALL))),
    "event_csr-20k": ("event_csr", "--n 20000 --calls 100", dict(bp231=("", F32), bpnew=("", F32), brainevent=("", F32), scipy=("", [(1, "f32")]), limit=("", ONE_ALL))),
}
CFLAGS = "-O3 -march=native -mprefer-vector-width=512 -ffast-math -fopenmp -w".split()


def command(name, peer, threads, dtype):
    stem, args, peers = W[name]
    a = args.split() + peers[peer][0].split() + ["--threads", str(threads)]
    if peer == "limit":
        exe = os.path.join(ROOT, "limit-bin", stem + ("_f64" if dtype == "f64" else ""))
        c = os.path.join(HERE, "limit", stem + ".c")
        if not os.path.exists(exe) or os.path.getmtime(exe) < os.path.getmtime(c):
            os.makedirs(os.path.dirname(exe), exist_ok=True)
            flags = CFLAGS if stem != "event_csr" else [f for f in CFLAGS if "vector-width" not in f]
            if subprocess.run(["gcc"] + flags + (["-DF64"] if dtype == "f64" else []) + [c, "-o", exe, "-lm"], stderr=subprocess.DEVNULL).returncode:
                return ["sh", "-c", "echo limit/%s.c does not compile here >&2; exit 1" % stem]  # snn_train needs AVX-512
        return [exe] + a
    return [os.path.join(ROOT, VENV[peer], "bin", "python"), os.path.join(HERE, stem + "_" + peer + ".py")] + a + ["--dtype", dtype]


def last_json(text):
    for line in reversed(text.strip().splitlines()):
        if line.startswith("{"):
            try:
                d = json.loads(line)
                if "ns_per_unit" in d:
                    return d
            except ValueError:
                pass
    return None


def execute(cmd, timeout, shell=False):
    try:
        p = subprocess.run(cmd, shell=shell, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    except FileNotFoundError:
        return dict(error="not installed (setup.sh)")
    except subprocess.TimeoutExpired:
        return dict(error="over %d s" % timeout)
    d = last_json(p.stdout)
    return d or dict(error=(p.stderr.strip().splitlines() or ["no JSON line"])[-1][:100])


def select(names):
    out = []
    for n in names:
        m = [k for k in W if k == n] or [k for k in W if k.split("-")[0] == n]
        if not m:
            sys.exit("unknown workload %s; --list shows them" % n)
        out += m
    return out


def configs(name, a):
    for peer, (_, cf) in W[name][2].items():
        if a.peers and peer not in a.peers.split(","):
            continue
        cf = list(dict.fromkeys(cf))
        if a.threads:  # a peer with no such configuration runs what it has
            cf = [c for c in cf if str(c[0]) in a.threads.split(",")] or cf
        if a.dtype:
            cf = [c for c in cf if c[1] in a.dtype.split(",")] or cf
        for th, dt in cf:
            yield peer, th, dt


def show(check):
    return "  ".join("%s=%s" % (k, "%.5g" % v if isinstance(v, float) else v) for k, v in check.items())


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("workload", nargs="*")
    ap.add_argument("--peers"); ap.add_argument("--threads"); ap.add_argument("--dtype"); ap.add_argument("--json"); ap.add_argument("--pair")
    ap.add_argument("--rounds", type=int, default=5); ap.add_argument("--timeout", type=int, default=300); ap.add_argument("--list", action="store_true")
    a = ap.parse_args()
    if a.list or not a.workload:
        for k, (s, args, p) in W.items():
            print("%-18s %-34s %s" % (k, args, ", ".join(p)))
        return
    rows = []
    for name in select(a.workload):
        if a.pair:
            mine, ratios, chk = [], {}, {}
            cfs = list(configs(name, a))
            for r in range(a.rounds):
                for peer, th, dt in cfs:
                    m = execute(a.pair, a.timeout, shell=True)
                    if "error" in m:
                        sys.exit("the command failed: " + m["error"])
                    mine.append(m["ns_per_unit"]); cm = m
                    p = execute(command(name, peer, th, dt), a.timeout)
                    key = (peer, th, dt)
                    if "error" in p:
                        chk[key] = p["error"]; continue
                    ratios.setdefault(key, []).append((p["ns_per_unit"] / m["ns_per_unit"], p["ns_per_unit"]))
                    chk[key] = show(p["check"])
            print("%s: command %.5g ns/%s (median of %d; min %.5g max %.5g)   check %s" % (name, statistics.median(mine), cm.get("unit", "unit"), len(mine), min(mine), max(mine), show(cm.get("check", {}))))
            for key in [(p, t, d) for p, t, d in cfs]:
                q = ratios.get(key)
                if not q:
                    print("  %-13s %d thr %s  %s" % (*key, chk.get(key))); continue
                v = [x[0] for x in q]
                print("  %-13s %d thr %s  peer/command %7.2f  [%.2f, %.2f]  peer %.5g ns   %s" % (*key, statistics.median(v), min(v), max(v), statistics.median(x[1] for x in q), chk[key]))
                rows.append(dict(workload=name, peer=key[0], threads=key[1], dtype=key[2], ratio_median=statistics.median(v), ratio_min=min(v), ratio_max=max(v), ratios=v))
            continue
        print("%-17s %-13s %-9s %3s %4s %9s %9s %10s %12s %-16s %s" % ("workload", "peer", "version", "thr", "type", "setup s", "compile s", "run s", "ns/unit", "unit", "check"))
        for peer, th, dt in configs(name, a):
            d = execute(command(name, peer, th, dt), a.timeout)
            if "error" in d:
                print("%-17s %-13s %-9s %3d %4s  %s" % (name, peer, "", th, dt, d["error"])); d.update(workload=name, peer=peer, threads=th, dtype=dt); rows.append(d); continue
            d["variant"] = name; rows.append(d)
            print("%-17s %-13s %-9s %3d %4s %9.3f %9.3f %10.5f %12.5g %-16s %s" % (name, peer, d["version"][:9], d["threads"], d["dtype"], d["setup_s"], d["compile_s"], d["run_s"], d["ns_per_unit"], d["unit"], show(d["check"])), flush=True)
    if a.json:
        with open(a.json, "w") as f:
            json.dump(rows, f, indent=1)


main()
