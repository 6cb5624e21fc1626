// The few icons of the page, drawn here so that nothing is loaded.

const PATHS = {
  search: 'M11.5 11.5 15 15M13 7.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0Z',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 3v10l8-5-8-5Z',
  close: 'm3.5 3.5 9 9M12.5 3.5l-9 9',
  back: 'M10 3 5 8l5 5',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  sun: 'M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1M11 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z',
  moon: 'M13.5 9.5A6 6 0 1 1 6.5 2.5a5 5 0 0 0 7 7Z',
  system: 'M2 3h12v8H2zM6 14h4M8 11v3',
  tool: 'M9.5 2.5a3.5 3.5 0 0 0-1 4.5L2.5 13l1 1 6-6a3.5 3.5 0 0 0 4.5-4.5L12 5.5 10.5 4l2-2a3.5 3.5 0 0 0-3 .5Z',
  file: 'M4 1.5h5l3.5 3.5v9.5h-8.5zM9 1.5V5h3.5',
  globe: 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0ZM2 8h12M8 2c4 3.5 4 8.5 0 12M8 2c-4 3.5-4 8.5 0 12',
  arrow: 'M3 8h10M9 4l4 4-4 4',
  refresh: 'M13.5 8A5.5 5.5 0 1 1 12 4.2M12.5 1.5v3h-3',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
