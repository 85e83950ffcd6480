#!/usr/bin/env bash
# tests/fuzz/plant.sh [DIR] [NUMBER ...]   does the fuzzer find bugs?
# Copies the tree as committed into DIR (/tmp/engram-plant), plants one bug at a time by a one-line edit, builds, and
# runs up to 2,000 random programs (FUZZ_N) until the first that fails.  Prints a table; fails if more than one bug
# stays unseen.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=${1:-/tmp/engram-plant}
shift || true
n=${FUZZ_N:-2000}

# what | file | sed expression
bugs=(
'operands of a difference exchanged|lib/jit/lower_op.c|s/LLVMBuildFSub(at, x, y, "")/LLVMBuildFSub(at, y, x, "")/'
'fma rounded twice|lib/jit/lower_op.c|s/return egi_irb_fma(b, x, y, a\[2\]);/return LLVMBuildFAdd(at, LLVMBuildFMul(at, x, y, ""), a[2], "");/'
'half rounds away from zero|lib/jit/lower_op.c|s/llvm.roundeven/llvm.round/'
'tail one element short|lib/jit/lower_fused.c|s/egi_irb_tail_mask(&f->b, f->left, f->lanes)/egi_irb_tail_mask(\&f->b, LLVMBuildSub(f->b.b, f->left, egi_irb_i64(\&f->b, 1), ""), f->lanes)/'
'one element behind the end of a row is stored|lib/jit/lower_fused.c|s/LLVMIntSGE, f->left, egi_irb_i64(b, f->lanes)/LLVMIntSGE, f->left, egi_irb_i64(b, f->lanes - 1)/'
'maximum starts from 0|lib/jit/lower_reduce.c|s/egi_ref_identity(r->op, r->t)/r->op == EGI_RMAX ? 0 : egi_ref_identity(r->op, r->t)/'
'no barriers|lib/jit/lower.c|s/if (s->barrier) egi_lower_barrier(l);//'
'views do not keep a value from being overwritten|lib/opt/plan_overwrite.c|s/if (!may_overwrite(w, u, writer, true)) return false;//'
'a later reader does not keep a value from being overwritten|lib/opt/plan_overwrite.c|s/if (p->level\[u\] < level) continue;/continue;/'
'rotated in the last step as well|lib/jit/lower_fused.c|s/v = LLVMBuildSelect(f->b.b, f->last, v, emit_rotated(f, st->rotated, st), "")/v = emit_rotated(f, st->rotated, st)/'
'list of the next step has the parity of this one|lib/jit/fused_key.c|s/if (li->next) parity = .*$//'
'spikes behind the end of a vector are listed|lib/jit/lower_fused.c|s/LLVMBuildAnd(b->b, fired, tail_mask(f), "")/fired/'
'projections with different weights are merged|lib/opt/plan_event.c|s/w == egi_arg(g, b->node, 2) \&\& //'
'stride of an outer axis|lib/jit/fused_key.c|s/v->base_rank - axis - 1, v->base_dim + axis + 1/v->base_rank - axis - 1, v->base_dim + axis/'
'start of a slice of a slice|lib/opt/view.c|s/start\[k\] + v->start\[k\] \* step\[k\]/start[k] + v->start[k]/'
'random bits of a later iteration|lib/jit/lower_flow.c|s/l->step = LLVMBuildAdd(b, egi_lower_field(l, EGI_FRAME_EXECUTION, l->b.i64), i, "")/l->step = egi_lower_field(l, EGI_FRAME_EXECUTION, l->b.i64)/'
'two sizes taken for one|lib/jit/canon.c|s/if (c->sizes.at\[k\] == value) return/if (c->sizes.at[k] \/ 8 == value \/ 8) return/'
'index of a gather may be negative|lib/jit/lower_shape.c|s/i = egi_irb_max(b, i, egi_irb_i64(b, 0));//'
'a second reader of what is rotated is not seen|lib/opt/plan_rotate.c|s/if (!contains(g, first, id, param)) return false;//'
'spikes of the next step that an update makes are listed too early|lib/opt/plan_event.c|s/next \&\& egi_is_fused(p, next) \&\& !egi_is_inline/next \&\& !egi_is_inline/'
'what an arm gives from outside is computed too late|lib/opt/plan_level.c|s/if (egi_flags((egi_op)n->op) \& FL) want_results(l, id);//'
'gradient: a factor takes itself for the other|lib/opt/grad_rules.c|s/egi_pass(x, id, 0, egi_times(g, d, egi_value_of(x, id, 1)))/egi_pass(x, id, 0, egi_times(g, d, egi_value_of(x, id, 0)))/'
'gradient: segments between checkpoints in the order of the run|lib/opt/grad_segment.c|s/^ *j = egi_op2(g, EGI_SUB, egi_const_i(g, EG_I64, a.segments - 1), j);//'
'copies: an index behind the end is in the next copy|lib/opt/vmap_rules.c|s/moved_into(g, i, n - 1)/moved_into(g, i, n)/'
'copies: one that has finished its loop goes on|lib/opt/vmap_flow.c|s/if (goes_on) v = choose(x, goes_on, p, v, x->map\[p\]);//'
)

rm -rf "$dir/tree"
mkdir -p "$dir/tree"
git -C "$root" archive HEAD | tar -x -C "$dir/tree"
cmake -S "$dir/tree" -B "$dir/build" -DCMAKE_BUILD_TYPE=Release -DENGRAM_WERROR=OFF > /dev/null
build() { cmake --build "$dir/build" --target fuzz -j "$(nproc)" > "$dir/log" 2>&1; }
build || { tail -20 "$dir/log"; exit 1; }

missed=0 planted=0
printf '| planted bug | found | by |\n|---|---|---|\n'
for k in "${!bugs[@]}"; do
    [ $# -eq 0 ] || [[ " $* " = *" $k "* ]] || continue
    IFS='|' read -r what file edit <<< "${bugs[k]//||/@@}"
    edit=${edit//@@/||}
    cp "$dir/tree/$file" "$dir/kept"
    sed -i "$edit" "$dir/tree/$file"
    if cmp -s "$dir/kept" "$dir/tree/$file"; then
        printf '| %s | the edit no longer fits %s | |\n' "$what" "$file"
        missed=$((missed + 1))
        continue
    fi
    planted=$((planted + 1))
    if build; then
        "$dir/build/tests/fuzz" "$n" --stop --no-regress --no-reduce > "$dir/out" 2>&1 || true
        found=$(grep -m1 '^seed ' "$dir/out" | cut -c1-110 | tr '|' '/' || true)
        runs=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$dir/out")
    else
        found="" runs=0
        echo "$what does not build: $(grep -m1 error "$dir/log")" >&2
    fi
    if [ -n "$found" ]; then
        printf '| %s | after %s programs | `%s` |\n' "$what" "$((runs + 1))" "$found"
    else
        printf '| %s | not in %s programs | |\n' "$what" "$runs"
        missed=$((missed + 1))
    fi
    cp "$dir/kept" "$dir/tree/$file"
    touch "$dir/tree/$file"
done
printf '\n%d planted, %d not found\n' "$planted" "$missed"
[ "$missed" -le 1 ]
