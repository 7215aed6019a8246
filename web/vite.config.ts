import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import solid from "vite-plugin-solid";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
// `npx vite` while `waxwing up` runs: everything of the server's goes to the server.
const server = { target: "http://127.0.0.1:8080", ws: true };

export default defineConfig({
  plugins: [solid()],
  resolve: { alias: { "@client": here("./client/src/index.ts") } },
  build: {
    // The folder above is in the repository, so that cargo sees whether a page was built.
    outDir: here("./dist/page"),
    emptyOutDir: true,
    target: "es2022",
    // The policy allows no `data:` and no script in the document.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: here("./index.html"), console: here("./console.html") } },
  },
  server: { proxy: { "/gateway": server, "/.well-known": server } },
});
