/** What is shown of a run, in the order of the tabs. */
export const TABS = ['charts', 'answers', 'recipe', 'checkpoints', 'log'] as const;
export type Tab = (typeof TABS)[number];
