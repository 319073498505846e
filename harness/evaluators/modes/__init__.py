"""Evaluator modes, one file each: who gives the verdict, as a conversation without I/O.

A mode is a module with

* `SUMMARY: str`: one line for lists;
* `expand(wanted, models)`: the cells that an entry of the evaluator axis makes, each as its models and its settings
  with every default written out; `wanted` is what the spec says under the mode's name, `models` are all of the spec;
* `written(models, settings)`: the inverse, what a spec would say for one cell alone;
* `converse(item, cell, questions, models)`: a `Conversation[Outcome]` about an item, and `calls_per_item(strategy,
  settings)`, the fewest and the most calls that it takes. Order and repeats are handled around it
  (`harness.evaluators.cell`).
  A mode that asks nobody has `members(cell)` in their place, the cells whose judgments
  `harness.runner.judgment_columns` counts for it.

It may have `faults(wanted)`, what a schema cannot say against its settings, each as place, message and hint;
`unfit(strategy, settings)`, why it cannot use a strategy; and `variant(settings)`, what tells its cells of the same
models apart in their ids. Its shape in a spec is described in `schemas/input/experiment.schema.json`, where a test
misses it.
"""
