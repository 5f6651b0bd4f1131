"""The model, its modules named as the tensors of docs/model-format.md."""
