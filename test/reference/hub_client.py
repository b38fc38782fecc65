"""Asks a service for the entities of a text with huggingface_hub's client, and prints them as JSON.

    python hub_client.py URL TEXT
"""

import json
import sys
from dataclasses import asdict

from huggingface_hub import InferenceClient

url, text = sys.argv[1:]
found = InferenceClient(base_url=url).token_classification(text, aggregation_strategy="first", ignore_labels=["O"])
print(json.dumps([asdict(entity) for entity in found]))
