import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // The protocol's schemas come from the workspace's source, as in every other tool.
  resolve: { conditions: ['@seedfleet/source', 'module', 'browser', 'development|production'] },
  build: { outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 1000 },
  server: { proxy: { '/api': 'http://127.0.0.1:7337', '/version': 'http://127.0.0.1:7337', '/readyz': 'http://127.0.0.1:7337', '/socket.io': { target: 'http://127.0.0.1:7337', ws: true } } },
});
