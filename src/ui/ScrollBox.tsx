import type { ReactNode, Ref, UIEvent } from 'react';

/** Something wide or long that scrolls in its own place: reachable by key, named, and no landmark beside its panel. */
export function ScrollBox(props: {
  readonly name: string;
  readonly className: string;
  readonly ref?: Ref<HTMLDivElement>;
  readonly onScroll?: (event: UIEvent<HTMLDivElement>) => void;
  readonly children: ReactNode;
}) {
  const { name, ...rest } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by key
    <div {...rest} role="group" tabIndex={0} aria-label={name} />
  );
}
