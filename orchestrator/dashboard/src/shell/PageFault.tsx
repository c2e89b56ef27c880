import { useRouteError } from "react-router";
import { told } from "../api/errors";

/** Where a page broke, or its script could not be loaded, as after an upgrade of the state manager. */
export function PageFault() {
  const error = useRouteError();
  return (
    <div className="notice bad" role="alert">
      <p>This page can't be shown: {told(error)}</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Load it again
      </button>
    </div>
  );
}
