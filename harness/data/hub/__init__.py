"""Datasets on the Hugging Face Hub: `hf://datasets/OWNER/NAME[@REVISION]/…` ▶ a commit ▶ data files ▶ a local copy."""
