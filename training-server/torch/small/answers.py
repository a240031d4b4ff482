"""Answers as the page reads them, by the code of `core`, many texts in one call of Node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from small.prompt import CORE, evaluate_in_node


@dataclass(frozen=True, kw_only=True)
class ReadAnswer:
    """One answer under the strict reading and the word list of distortions."""

    score: float | None
    """None where the answer is unreadable; never a guess."""

    named: tuple[str, ...]
    """Distortions that the text states, in the order of first mention."""

    ruled_out: tuple[str, ...]
    """Distortions that the text denies."""


READ = """
input.map((text) => {
  const { named, ruledOut } = lexicon.distortionsOf(lexicon.findDistortions(text));
  return [answer.readStrictly(text, [1, 5]).score, named, ruledOut];
})
"""


def read_answers(texts: Sequence[str]) -> list[ReadAnswer]:
    """Reads every text with `core/answer/answer.ts` and `core/answer/lexicon.ts`."""
    modules = {"answer": CORE / "answer" / "answer.ts", "lexicon": CORE / "answer" / "lexicon.ts"}
    rows = evaluate_in_node(modules, READ, list(texts))
    return [ReadAnswer(score=s, named=tuple(f), ruled_out=tuple(r)) for s, f, r in rows]
