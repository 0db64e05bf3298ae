/**
 * The icons of the console, from Carbon's set.
 *
 * *Invariant:* icons are decoration here; the words beside them carry the meaning.
 */

import Add from "@carbon/icons/es/add/16.js";
import CheckmarkFilled from "@carbon/icons/es/checkmark--filled/20.js";
import Close from "@carbon/icons/es/close/16.js";
import DocumentSecurity from "@carbon/icons/es/document--security/32.js";
import DocumentBlank from "@carbon/icons/es/document/20.js";
import Download from "@carbon/icons/es/download/16.js";
import ErrorFilled from "@carbon/icons/es/error--filled/20.js";
import InformationFilled from "@carbon/icons/es/information--filled/20.js";
import Locked from "@carbon/icons/es/locked/16.js";
import Logout from "@carbon/icons/es/logout/20.js";
import Password from "@carbon/icons/es/password/32.js";
import Pause from "@carbon/icons/es/pause/16.js";
import Play from "@carbon/icons/es/play/16.js";
import Renew from "@carbon/icons/es/renew/16.js";
import TrashCan from "@carbon/icons/es/trash-can/16.js";
import Undo from "@carbon/icons/es/undo/16.js";
import Unlocked from "@carbon/icons/es/unlocked/16.js";
import Upload from "@carbon/icons/es/upload/16.js";
import WarningFilled from "@carbon/icons/es/warning--filled/20.js";
import iconLoader from "@carbon/web-components/es/globals/internal/icon-loader.js";

const icons = {
  add: Add,
  close: Close,
  delete: TrashCan,
  disable: Pause,
  document: DocumentBlank,
  done: CheckmarkFilled,
  download: Download,
  enable: Play,
  error: ErrorFilled,
  file: DocumentSecurity,
  import: Upload,
  info: InformationFilled,
  key: Password,
  open: Unlocked,
  restore: Undo,
  rotate: Renew,
  seal: Locked,
  signOut: Logout,
  warning: WarningFilled,
} as const;

export type IconName = keyof typeof icons;

export function icon(name: IconName, slot?: string): ReturnType<typeof iconLoader> {
  return iconLoader(icons[name], { "aria-hidden": "true", focusable: "false", slot });
}
