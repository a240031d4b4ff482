/** The resolved recipe of the open run. */
import { useEffect } from 'react';
import { useStore } from 'zustand';
import type { Run } from '../../../core/training/run.ts';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { RecipeTable } from './RecipeTable.tsx';
import { training } from './state/session.ts';

export function RecipeTab({ run }: { readonly run: Run }) {
  const t = useTrainingMessages();
  const detail = useStore(training.store, (state) => state.details.get(run.id));
  const recipes = useStore(training.store, (state) => state.recipes);
  useEffect(() => {
    void training.loadDetail(run.id);
    if (training.store.getState().recipes === null) void training.loadRecipes();
  }, [run.id]);
  if (!detail) return <p className="training-wait">{t.recipe.loading}</p>;
  return (
    <RecipeTable
      key={run.id}
      resolved={detail.resolved}
      name={run.recipe}
      recipes={recipes ?? []}
      sha256={run.recipeSha256}
    />
  );
}
