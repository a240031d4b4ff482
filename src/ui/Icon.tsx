/** The page's own line icons: 16 × 16 grid, 1.5 px strokes in the colour of the text. */
import './Icon.css';

const PATHS = {
  lock: 'M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3 7.25h10v6.5H3z',
  unlock: 'M4.5 7V5a3.5 3.5 0 0 1 6.8-1.2M3 7.25h10v6.5H3z',
  moon: 'M13.2 9.9A5.6 5.6 0 0 1 6.1 2.8a5.6 5.6 0 1 0 7.1 7.1z',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3.05 3.05l1.06 1.06M11.89 11.89l1.06 1.06M3.05 12.95l1.06-1.06M11.89 4.11l1.06-1.06',
  help: 'M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5zM6.2 6.3a1.85 1.85 0 1 1 2.7 1.65c-.6.32-.9.65-.9 1.3M8 11.2v.6',
  menu: 'M2 4h12M2 8h12M2 12h12',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  check: 'M2.75 8.5l3.25 3.25 7.25-7.5',
  cross: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  chevronDown: 'M4 6l4 4 4-4',
  chevronRight: 'M6 4l4 4-4 4',
  chevronLeft: 'M10 4L6 8l4 4',
  zoomIn: 'M8 3.5v9M3.5 8h9',
  zoomOut: 'M3.5 8h9',
  alert: 'M8 2.2l6.3 11.3H1.7zM8 6.3v3.4M8 11.3v.7',
  info: 'M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5zM8 7.2v4M8 4.6v.7',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  download: 'M8 2v8M4.5 6.75L8 10.25l3.5-3.5M2.25 13.75h11.5',
  file: 'M3.5 1.75h6l3 3v9.5h-9zM9.5 1.75v3h3',
  folder: 'M1.75 3.25h4.5l1.5 2h6.5v7.5H1.75z',
  split: 'M2 3h12v10H2zM8 1.25v13.5',
  list: 'M2 4h12M2 8h12M2 12h8',
  chart: 'M2 2v12h12M4 11c3.5-.5 3.5-7 9.5-7.5',
  plug: 'M5.5 1.75v3.5M10.5 1.75v3.5M3.5 5.25h9v2.5a4.5 4.5 0 0 1-9 0zM8 12.25v2.5',
  repeat:
    'M2.5 7V6a2.5 2.5 0 0 1 2.5-2.5h8M11 1.25l2.25 2.25L11 5.75M13.5 9v1a2.5 2.5 0 0 1-2.5 2.5H3M5 14.75L2.75 12.5 5 10.25',
  camera: 'M1.75 4.5h3l1-1.75h4.5l1 1.75h3v8.75H1.75zM8 6.25a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8z',
  fullscreen: 'M2 5.5V2h3.5M10.5 2H14v3.5M14 10.5V14h-3.5M5.5 14H2v-3.5',
  fullscreenExit: 'M5.5 2v3.5H2M14 5.5h-3.5V2M10.5 14v-3.5H14M2 10.5h3.5V14',
  retry: 'M13.5 8a5.5 5.5 0 1 1-1.6-3.9M13.5 1.75V5h-3.25',
  trash: 'M2.5 4h11M6 4V2.25h4V4M4 4l.6 9.75h6.8L12 4M6.75 6.5v4.75M9.25 6.5v4.75',
  plus: 'M8 3v10M3 8h10',
  undo: 'M2.5 6.5h7a4 4 0 0 1 0 8H6M2.5 6.5L6 3M2.5 6.5L6 10',
  arrowRight: 'M2.5 8h11M9 3.5L13.5 8 9 12.5',
  arrowDown: 'M8 2.5v11M3.5 9L8 13.5 12.5 9',
  volume: 'M2 6h2.5L8 3v10L4.5 10H2zM10.5 5.5a3.5 3.5 0 0 1 0 5M12.25 3.5a6.2 6.2 0 0 1 0 9',
  muted: 'M2 6h2.5L8 3v10L4.5 10H2zM10.5 6l4 4M14.5 6l-4 4',
  eye: 'M1.25 8S3.75 3.5 8 3.5 14.75 8 14.75 8 12.25 12.5 8 12.5 1.25 8 1.25 8zM8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  external: 'M9.5 2.5h4v4M13.5 2.5L7.5 8.5M11.5 9v4.5h-9v-9H7',
  sideBySide: 'M2 3h5v10H2zM9 3h5v10H9z',
  stack: 'M2.5 2h11v5h-11zM2.5 9h11v5h-11z',
  overlay: 'M2 2h8.5v8.5H2zM5.5 5.5H14V14H5.5z',
  difference: 'M6 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z',
  swap: 'M2 5.25h11M10.5 2.75L13 5.25l-2.5 2.5M14 10.75H3M5.5 8.25L3 10.75l2.5 2.5',
  loupe: 'M7 2.25a4.75 4.75 0 1 1 0 9.5 4.75 4.75 0 0 1 0-9.5zM10.4 10.4l3.6 3.6',
  dice: 'M2.5 2.5h11v11h-11zM5.6 5.3v.6M10.4 10.1v.6M8 7.7v.6M10.4 5.3v.6M5.6 10.1v.6',
  toAndFro: 'M1.75 8h12.5M4.75 5l-3 3 3 3M11.25 5l3 3-3 3',
  link: 'M6.25 9.75l3.5-3.5M7 4.5L8.6 2.9a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5l-1.6 1.6a3.2 3.2 0 0 1-4.5-4.5L4.5 7',
  gauge: 'M2 11v3M5 12.5V14M8 11v3M11 12.5V14M14 11v3M1.25 14h13.5',
} as const;

/** Icons drawn as filled shapes: a triangle or a bar reads better solid at 16 px. */
const SOLID = {
  play: 'M4.5 2.5l9 5.5-9 5.5z',
  pause: 'M4 2.75h2.75v10.5H4zM9.25 2.75H12v10.5H9.25z',
  stop: 'M3.5 3.5h9v9h-9z',
  more: 'M2.25 7h2v2h-2zM7 7h2v2H7zM11.75 7h2v2h-2z',
  previous: 'M3 3h1.75v10H3zM13 3v10L5.5 8z',
  next: 'M11.25 3H13v10h-1.75zM3 3v10l7.5-5z',
} as const;

export type IconName = keyof typeof PATHS | keyof typeof SOLID | 'mark';

export interface IconProps {
  readonly name: IconName;
  /** Side in pixels at a font size of 16 px, with which it grows; 16 by default. */
  readonly size?: number;
}

/** Decoration only: its text is beside it, or in the `label` of the button around it. */
export function Icon({ name, size = 16 }: IconProps) {
  return (
    <svg
      className="ui-icon"
      width={`${size / 16}rem`}
      height={`${size / 16}rem`}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      {name === 'mark' ? (
        <>
          <path className="ui-icon__solid" d="M5.25 1h5.5L8 6z" />
          <path d="M1.5 9v4.5M4.75 11v2.5M8 9v4.5M11.25 11v2.5M14.5 9v4.5M.75 13.9h14.5" />
        </>
      ) : name === 'gauge' ? (
        <>
          <path className="ui-icon__solid" d="M5.25 2h5.5L8 7z" />
          <path d={PATHS.gauge} />
        </>
      ) : name in SOLID ? (
        <path className="ui-icon__solid" d={SOLID[name as keyof typeof SOLID]} />
      ) : (
        <path d={PATHS[name as keyof typeof PATHS]} />
      )}
    </svg>
  );
}
