import { createTheme } from '@mantine/core';

/** Darker primary shades than stock: text and buttons keep a contrast of 4.5 to 1 in both colour schemes. */
export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 9, dark: 4 },
  autoContrast: true,
  fontFamily: 'system-ui, "DejaVu Sans", sans-serif',
  defaultRadius: 'md',
});
