/** Exit statuses of the command. */
export const STATUS = { passed: 0, failed: 1, usage: 2, unreadable: 3, platform: 4 } as const;
