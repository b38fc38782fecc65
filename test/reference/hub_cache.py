"""What huggingface_hub makes of a cache: run by test/node/hub/python.test.ts, against the test's own server (HF_ENDPOINT).

    python hub_cache.py fetch CACHE NAME   fetches a model, as a user of transformers would, and prints its folder
    python hub_cache.py find CACHE NAME    the same without any request; also prints what scan_cache_dir complains about
"""

import json
import sys

from huggingface_hub import scan_cache_dir, snapshot_download

command, cache, name = sys.argv[1:]
folder = snapshot_download(name, cache_dir=cache, local_files_only=command == "find")
report = scan_cache_dir(cache)
models = {
    repo.repo_id: {revision.commit_hash: sorted(revision.refs) for revision in repo.revisions} for repo in report.repos
}
print(json.dumps({"folder": folder, "models": models, "warnings": [str(warning) for warning in report.warnings]}))
