declare module "@carbon/icons/es/*.js" {
  import type { CarbonIcon } from "@carbon/web-components/es/globals/internal/icon-loader-utils.js";
  const icon: CarbonIcon;
  export default icon;
}
