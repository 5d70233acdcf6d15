"""Signs bodies with the Python library of Standard Webhooks: one JSON order a line in, headers out."""

import json
import sys
from datetime import datetime, timezone

from standardwebhooks import Webhook

for line in sys.stdin:
    order = json.loads(line)
    time = datetime.fromtimestamp(order["time"], tz=timezone.utc)
    signature = Webhook(order["secret"]).sign(msg_id=order["id"], timestamp=time, data=order["body"])
    headers = {"webhook-id": order["id"], "webhook-timestamp": str(order["time"]), "webhook-signature": signature}
    print(json.dumps({"standard-webhooks": headers}), flush=True)
