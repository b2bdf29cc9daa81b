/** The local cloud as it is built, in a process of its own: `fork`ed with its options, tells what it is reached by. */
import { startCloud } from "../../dist/node/cloud.js";

const cloud = await startCloud(JSON.parse(process.argv[2]));
process.once("disconnect", () => cloud.close());
process.send(cloud.ready);
