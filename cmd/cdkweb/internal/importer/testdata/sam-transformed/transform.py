"""Writes what CloudFormation makes of SAM templates: what a stack of them really has.

    python3 transform.py OUT TEMPLATE...

It needs aws-sam-translator, which is the transform AWS::Serverless-2016-10-31 itself, and PyYAML;
make sam-transformed installs both, with their versions, into a folder that it throws away.
"""

import hashlib
import importlib.metadata
import json
import os
import pathlib
import sys

os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"  # the transform asks nothing of AWS

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoPolicies:
    """The transform knows AWS's managed policies by itself."""

    def load(self):
        return {}


out = pathlib.Path(sys.argv[1])
for path in map(pathlib.Path, sys.argv[2:]):
    text = path.read_bytes()
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        # As sam build and sam package leave them.
        if properties.get("PackageType") == "Image":
            properties.setdefault("ImageUri", "image")
        if "CodeUri" in properties:
            properties["CodeUri"] = "s3://bucket/key"
    made = transform(template, {"AWS::Region": "eu-west-1"}, NoPolicies())
    record = {
        "MadeBy": "aws-sam-translator " + importlib.metadata.version("aws-sam-translator"),
        "SHA256": hashlib.sha256(text).hexdigest(),  # of the template
        "Description": made.get("Description"),
        "Resources": made["Resources"],
        "Outputs": made.get("Outputs", {}),
    }
    (out / (path.stem + ".json")).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
