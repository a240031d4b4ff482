/** Tabs of a run, in their order. */
export const TABS = ['charts', 'answers', 'recipe', 'checkpoints', 'log'] as const;
export type Tab = (typeof TABS)[number];
