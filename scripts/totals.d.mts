export function countTests(output: string): {
  passed: number;
  failed: number;
  skipped: number;
  flaky: number;
};
export function failedTests(output: string): string[];
export function failedTestFiles(output: string): string[];
