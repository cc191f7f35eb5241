"""Make artefacts small and fast, and prove that they still answer the same."""
