#!/usr/bin/env python3
"""Figures of intent: 10,000 hosts resolved from 200 files, and the plan of one changed file.

usage: figures.py BIN_DIR [ROUTES]: prints one JSON object per figure; its store lives in a temporary directory.
"""
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory(prefix="ondol-bench-intent-") as directory:
    subprocess.run([sys.argv[1] + "/bench_intent", *sys.argv[2:3]], check=True)
    subprocess.run([sys.argv[1] + "/bench_plan", directory, *sys.argv[2:3]], check=True)
