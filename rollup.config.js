/** `npm run build`: the command line for Node; plain ES modules in dist/. */

import resolve from "@rollup/plugin-node-resolve";
import typescript from "@rollup/plugin-typescript";

const compile = () => typescript({ tsconfig: "./tsconfig.json", noEmit: false, noForceEmit: true });

export default [
	{
		input: "hw/node/cli.ts",
		external: [/^node:/, /^[a-z@][^:]*$/],
		plugins: [resolve({ exportConditions: ["node"] }), compile()],
		output: { dir: "dist/node", format: "es", entryFileNames: "[name].js", chunkFileNames: "[name].js" },
	},
];
