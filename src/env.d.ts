interface ImportMetaEnv {
  /** Version of package.json at the time of the build. */
  readonly APP_VERSION: string;
}
