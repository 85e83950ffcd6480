#!/bin/sh
# golden_run must see what is wrong: damaged.sh GOLDEN_RUN TESTS_GOLDEN
set -eu
run=$1 case=$2/neurons/LIF synapse=$2/synapses/Exponential_CUBA surrogate=$2/surrogate/sigmoid
dir=$(mktemp -d) failed=0
trap 'rm -rf "$dir"' EXIT

# expect TEXT CLOSING [SED]: the case, edited by SED, gives a line with TEXT and ends with CLOSING
expect() {
    rm -rf "$dir/g"
    mkdir -p "$dir/g"
    cp -r "$case" "$dir/g/one"
    sed -i "${3:-}" "$dir/g/one/case.json"
    [ -z "${remove:-}" ] || rm "$dir/g/one/$remove"
    status=0
    out=$("$run" ${list:+--list "$list"} "$dir/g") || status=$?
    case $out in *"$1"*"$2") ;; *) echo "wanted '$1' and '$2', got: $out"; failed=1 ;; esac
    case $2/$status in *" 0 failed"/0 | *" 1 failed"/1) ;; *) echo "'$2' and exit status $status"; failed=1 ;; esac
}

expect ' ok' '1 passed, 0 failed'
expect 'FAIL: V: element' '0 passed, 1 failed' 's/"tau": 10.0/"tau": 10.1/'
expect "FAIL: LIF 'N' has no variable 'nothing'" '0 passed, 1 failed' 's/"outputs": {/"outputs": {"nothing": "V",/'
case=$synapse expect "FAIL: result 'h' was not compared" '0 passed, 1 failed' 's/"outputs": {/"outputs": {"h": "g",/'
expect "UNSUPPORTED: parameter 'params.noise'" '0 passed, 1 failed' 's/"params": {/"params": {"noise": 1.0,/'
expect "UNSUPPORTED: model 'LIFE'" '0 passed, 1 failed' 's/"model": "LIF"/"model": "LIFE"/'
expect "UNSUPPORTED: method 'rk4'" '0 passed, 1 failed' 's/"method": "exp_auto"/"method": "rk4"/'
expect "UNSUPPORTED: kind 'neutron'" '0 passed, 1 failed' 's/"kind": "neuron"/"kind": "neutron"/'
case=$2/optimizers/Adam_scheduled
expect 'FAIL: w: element' '0 passed, 1 failed' 's/"beta1": 0.9/"beta1": 0.8/'
expect 'FAIL: w: element' '0 passed, 1 failed' 's/"decay_steps": 3/"decay_steps": 4/'
expect "FAIL: eg_optimizer_new: Adam: rho is 0.5" '0 passed, 1 failed' 's/"beta1": 0.9/"rho": 0.5/'
expect "UNSUPPORTED: parameter 'noise'" '0 passed, 1 failed' 's/"beta1": 0.9/"noise": 0.9/'
expect "UNSUPPORTED: parameter of a schedule 'noise'" '0 passed, 1 failed' 's/"decay_steps": 3/"noise": 3/'
case=$2/neurons/LIF
expect 'FAIL: case.json' '0 passed, 1 failed' '1d'
case=$surrogate expect 'FAIL: grad: element' '0 passed, 1 failed' 's/"alpha": 4.0/"alpha": 4.1/'
case=$surrogate expect "UNSUPPORTED: function" '0 passed, 1 failed' 's/"function": "sigmoid"/"function": "sigmoidal"/'
case=$surrogate expect "has no parameter 'beta'" '0 passed, 1 failed' 's/"alpha": 4.0/"beta": 4.0/'
case=$surrogate expect "FAIL: result 'slope' was not" '0 passed, 1 failed' 's/"grad": "grad"/"slope": "grad"/'
case=$2/layers/Conv2D_pad_groups
expect "the initial value of 'w' is an array of 108" '0 passed, 1 failed' 's/"groups": 2/"groups": 1/'
expect "UNSUPPORTED: layer 'Conv4D'" '0 passed, 1 failed' 's/"layer": "Conv2D"/"layer": "Conv4D"/'
expect "UNSUPPORTED: parameter 'options.noise'" '0 passed, 1 failed' 's/"groups": 2/"groups": 2, "noise": 1/'
case=$2/layers/Conv2D_same_stride expect 'FAIL: y: 72 numbers' '0 passed, 1 failed' 's/"SAME"/"VALID"/'
case=$2/layers/Dense expect 'FAIL: y: element' '0 passed, 1 failed' 's/"bias": true/"bias": false/'
case=$2/layers/LSTMCell
expect 'FAIL: y: element' '0 passed, 1 failed' 's/"activation": "tanh"/"activation": "relu"/'
case=$2/neurons/LIF
remove=V.npy expect 'FAIL: ' '0 passed, 1 failed'
printf '# list\ng/one\n' >"$dir/list"
list=$dir/list expect ' ok' '1 passed, 0 failed'
list=$dir/list expect UNSUPPORTED '0 passed, 1 failed' 's/"model": "LIF"/"model": "LIFE"/'
printf '# list\n' >"$dir/list"
list=$dir/list expect 'works, but is not in the list' '0 passed, 1 failed'
list=$dir/list expect UNSUPPORTED '0 passed, 0 failed' 's/"model": "LIF"/"model": "LIFE"/'
printf 'g/one\ng/two\n' >"$dir/list"
list=$dir/list expect 'g/two' '1 passed, 1 failed'
exit $failed
