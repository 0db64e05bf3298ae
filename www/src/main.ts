/**
 * Starts the console.
 *
 * *Invariant:* wires the parts together and does nothing else.
 */

import { onUnauthorized } from "./api.js";
import { keepPageOnStrayDrop } from "./components/file-drop.js";
import { leave } from "./session.js";
import "./shell.js";

keepPageOnStrayDrop();
onUnauthorized(leave);
