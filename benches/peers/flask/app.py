"""The item API on Flask and Flask-SQLAlchemy, for the benchmarks: the same table, the same answers.

Three kindnesses to this stack: a created item is turned into JSON before the commit, which saves the
query that would read it back; a taken name costs no second query; no debug mode, no logging.
"""

import os

from flask import Flask, abort, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, FetchedValue, Identity, Text, exc
from sqlalchemy.orm import Mapped, mapped_column

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SQLALCHEMY_DATABASE_URI"]
db = SQLAlchemy(app)


class Item(db.Model):
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[object] = mapped_column(DateTime(timezone=True), FetchedValue())

    __mapper_args__ = {"eager_defaults": True}

    def as_dict(self):
        return {"id": self.id, "name": self.name, "created_at": self.created_at.isoformat()}


@app.get("/")
def ready():
    return "flask\n"


@app.post("/item")
def create():
    item = Item(name=request.get_json()["name"])
    db.session.add(item)
    try:
        db.session.flush()
    except exc.IntegrityError:
        db.session.rollback()
        abort(409)
    created = item.as_dict()
    db.session.commit()
    return jsonify(data=created), 201


@app.get("/item/<int:item_id>")
def read(item_id):
    return jsonify(data=db.get_or_404(Item, item_id).as_dict())


@app.get("/item")
def listing():
    items = db.select(Item).where(Item.id > request.args.get("after", 0, int)).order_by(Item.id)
    limit = request.args.get("limit", None, int)
    if limit is not None:
        items = items.limit(limit)
    return jsonify(data=[item.as_dict() for item in db.session.scalars(items)])
