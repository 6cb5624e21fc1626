import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm run dev` shows the page with live reload, on top of a running sensor.
// The Host header stays that of the page, so that the sensor sees one origin.
// Browsers share cookies between ports: open the sensor's link once, then this.
const sensor = process.env.OISP_DEV_SENSOR ?? '127.0.0.1:7777';

export default defineConfig({
  plugins: [react()],
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: {
      '/api': { target: `http://${sensor}` },
      '/ws': { target: `ws://${sensor}`, ws: true },
    },
  },
  build: {
    target: 'es2022',
    // The page's policy allows no data: addresses.
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
  },
});
