/*
 * Theme and language before the first paint. Loaded as a blocking script, because the content security policy
 * allows no inline one and a late theme would flash.
 */
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let settings = {};
  try {
    settings = JSON.parse(localStorage.getItem('vqathinker.settings') ?? '{}') ?? {};
  } catch {
    // Storage is off or holds something else: the system's choice is taken.
  }
  const { theme, lang } = settings;
  root.dataset.theme = theme === 'dark' || theme === 'light' ? theme : dark.matches ? 'dark' : 'light';
  root.lang = lang === 'zh' || lang === 'en' ? lang : navigator.language.startsWith('zh') ? 'zh' : 'en';
})();
