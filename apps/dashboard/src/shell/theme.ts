import { createTheme, Modal } from '@mantine/core';

/** A darker primary shade than stock, the same in both schemes, as Mantine picks the colour of a button's text for one of them only: text and buttons keep a contrast of 4.5 to 1 in both colour schemes. */
export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: 9,
  autoContrast: true,
  fontFamily: 'system-ui, "DejaVu Sans", sans-serif',
  defaultRadius: 'md',
  // The title of a dialogue is no banner of the page, which <header> outside of sectioning content would be (ARIA in HTML).
  components: { ModalHeader: Modal.Header.extend({ defaultProps: { role: 'none' } }) },
});
