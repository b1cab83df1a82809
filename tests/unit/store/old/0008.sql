BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE annotations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	image_id VARCHAR(32) NOT NULL, 
	category_id INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	width INTEGER NOT NULL, 
	counts BLOB NOT NULL, 
	score FLOAT, 
	provenance JSON NOT NULL, 
	review VARCHAR(16) NOT NULL, 
	note TEXT NOT NULL, 
	hidden BOOLEAN NOT NULL, 
	locked BOOLEAN NOT NULL, 
	author TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	updated VARCHAR(32) NOT NULL, extra JSON, area BIGINT DEFAULT '0' NOT NULL, updated_by TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT fk_annotations_image_id FOREIGN KEY(image_id) REFERENCES images (id)
);
INSERT INTO "annotations" VALUES(1,'11151fef0152f680',2,40,60,X'653C3A6E30303030303030303030303030303030303030303030303030303030303030303030303030305B5531',NULL,'{"source": "api", "prompt": null, "model": null, "clicks": 0, "seconds": null, "draft": null, "cut": 0}','unreviewed','',0,0,'ann',2,'2026-11-23T22:39:51.138Z','2026-11-23T22:39:51.146Z',NULL,200,'ben');
INSERT INTO "annotations" VALUES(2,'11151fef0152f680',2,40,60,X'5456313A6E30303030303030303030303030303030303030303030303030303030303030303030303030306C3B',NULL,'{"source": "api", "prompt": null, "model": null, "clicks": 0, "seconds": null, "draft": null, "cut": 0}','unreviewed','',0,0,'ben',1,'2026-11-23T22:39:51.143Z','2026-11-23T22:39:51.143Z',NULL,200,'ben');
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at VARCHAR(32) NOT NULL, 
	person TEXT NOT NULL, 
	what VARCHAR(32) NOT NULL, 
	about TEXT NOT NULL, 
	address TEXT NOT NULL
);
CREATE TABLE categories (
	"key" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id VARCHAR(64) NOT NULL, 
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	supercategory TEXT NOT NULL, 
	colour VARCHAR(7) NOT NULL, extra JSON, 
	CONSTRAINT fk_categories_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_categories_project_id UNIQUE (project_id, id), 
	CONSTRAINT uq_categories_name UNIQUE (project_id, name)
);
INSERT INTO "categories" VALUES(1,'p',1,'cat','','#e69f00',NULL);
INSERT INTO "categories" VALUES(2,'p',2,'dog','','#56b4e9',NULL);
CREATE TABLE changes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	image_id VARCHAR(32) NOT NULL, 
	author TEXT NOT NULL, 
	label TEXT NOT NULL, 
	edits JSON NOT NULL, 
	undone BOOLEAN NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	CONSTRAINT fk_changes_image_id FOREIGN KEY(image_id) REFERENCES images (id)
);
INSERT INTO "changes" VALUES(1,'11151fef0152f680','ann','add object','[{"kind": "annotation", "id": "1", "before": null, "after": {"category": 1, "rle": {"size": [40, 60], "counts": "e<:n00000000000000000000000000000000000000[U1"}, "author": "ann", "score": null, "provenance": {"source": "api", "prompt": null, "model": null, "clicks": 0, "seconds": null, "draft": null, "cut": 0}, "review": "unreviewed", "note": ""}, "revision": 0}]',0,'2026-11-23T22:39:51.140Z');
INSERT INTO "changes" VALUES(2,'11151fef0152f680','ben','add object','[{"kind": "annotation", "id": "2", "before": null, "after": {"category": 2, "rle": {"size": [40, 60], "counts": "TV1:n00000000000000000000000000000000000000l;"}, "author": "ben", "score": null, "provenance": {"source": "api", "prompt": null, "model": null, "clicks": 0, "seconds": null, "draft": null, "cut": 0}, "review": "unreviewed", "note": ""}, "revision": 0}]',0,'2026-11-23T22:39:51.144Z');
INSERT INTO "changes" VALUES(3,'11151fef0152f680','ben','relabel','[{"kind": "annotation", "id": "1", "before": {"category": 1, "rle": {"size": [40, 60], "counts": "e<:n00000000000000000000000000000000000000[U1"}, "author": "ann", "score": null, "provenance": {"source": "api", "prompt": null, "model": null, "clicks": 0, "seconds": null, "draft": null, "cut": 0}, "review": "unreviewed", "note": ""}, "after": {"category": 2, "rle": {"size": [40, 60], "counts": "e<:n00000000000000000000000000000000000000[U1"}, "author": "ann", "score": null, "provenance": {"source": "api", "prompt": null, "model": null, "clicks": 0, "seconds": null, "draft": null, "cut": 0}, "review": "unreviewed", "note": ""}, "revision": 1}]',0,'2026-11-23T22:39:51.147Z');
INSERT INTO "changes" VALUES(4,'98ef3a5ec0914966','ann','point','[{"kind": "draft", "id": "98ef3a5ec0914966", "before": null, "after": {"id": "d1", "prompt": {"points": [[20, 10, 1]], "box": null, "mask": null, "choice": null}, "category": null, "started": "2026-11-23T22:39:51.149Z"}, "revision": 0}]',0,'2026-11-23T22:39:51.150Z');
CREATE TABLE credentials (
	hash VARCHAR(64) NOT NULL, 
	person_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	label TEXT NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	expires VARCHAR(32), 
	CONSTRAINT pk_credentials PRIMARY KEY (hash), 
	CONSTRAINT fk_credentials_person_id FOREIGN KEY(person_id) REFERENCES people (id)
);
CREATE TABLE drafts (
	image_id VARCHAR(32) NOT NULL, 
	author TEXT NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	prompt JSON NOT NULL, 
	category_id INTEGER, 
	revision INTEGER NOT NULL, 
	started VARCHAR(32) NOT NULL, 
	updated VARCHAR(32) NOT NULL, replaces JSON, 
	CONSTRAINT pk_drafts PRIMARY KEY (image_id, author), 
	CONSTRAINT fk_drafts_image_id FOREIGN KEY(image_id) REFERENCES images (id)
);
INSERT INTO "drafts" VALUES('98ef3a5ec0914966','ann','d1','{"points": [[20.0, 10.0, 1]], "box": null, "mask": null, "choice": null}',NULL,1,'2026-11-23T22:39:51.149Z','2026-11-23T22:39:51.149Z',NULL);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	image_id VARCHAR(32), 
	author TEXT NOT NULL, 
	client VARCHAR(64), 
	at VARCHAR(32) NOT NULL, 
	CONSTRAINT fk_events_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);
INSERT INTO "events" VALUES(1,'p','categories',NULL,'',NULL,'2026-11-23T22:39:51.090Z');
INSERT INTO "events" VALUES(2,'p','categories',NULL,'',NULL,'2026-11-23T22:39:51.093Z');
INSERT INTO "events" VALUES(3,'p','images',NULL,'',NULL,'2026-11-23T22:39:51.132Z');
INSERT INTO "events" VALUES(4,'p','image','11151fef0152f680','ann',NULL,'2026-11-23T22:39:51.140Z');
INSERT INTO "events" VALUES(5,'p','image','11151fef0152f680','ben',NULL,'2026-11-23T22:39:51.144Z');
INSERT INTO "events" VALUES(6,'p','image','11151fef0152f680','ben',NULL,'2026-11-23T22:39:51.147Z');
CREATE TABLE findings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id VARCHAR(64) NOT NULL, 
	rule VARCHAR(32) NOT NULL, 
	severity VARCHAR(16) NOT NULL, 
	image_id VARCHAR(32), 
	annotation_id INTEGER, 
	details JSON NOT NULL, 
	made VARCHAR(32) NOT NULL, 
	CONSTRAINT fk_findings_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE TABLE images (
	id VARCHAR(32) NOT NULL, 
	project_id VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	sort_key TEXT NOT NULL, 
	source_hash VARCHAR(64) NOT NULL, 
	bytes BIGINT NOT NULL, 
	modified_ns BIGINT NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	problem TEXT, 
	note TEXT, 
	verified BOOLEAN NOT NULL, extra JSON, assignee TEXT, 
	CONSTRAINT pk_images PRIMARY KEY (id), 
	CONSTRAINT uq_images_project_id UNIQUE (project_id, number), 
	CONSTRAINT fk_images_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);
INSERT INTO "images" VALUES('11151fef0152f680','p',1,'a.png','a.pnga.png11151fef0152f680','11151fef0152f6805cf13f066a9bc8c46036165d632ba1e7d139b63bc6283cfd',129,1795473590250150096,60,40,'in_progress',NULL,NULL,0,NULL,NULL);
INSERT INTO "images" VALUES('98ef3a5ec0914966','p',2,'b.png','b.pngb.png98ef3a5ec0914966','98ef3a5ec09149662992401ed9cdff8cabff1ccd2ce082912b097a4adbc48baa',129,1795473590252804457,60,40,'todo',NULL,NULL,0,NULL,NULL);
CREATE TABLE leases (
	client VARCHAR(64) NOT NULL, 
	project_id VARCHAR(64) NOT NULL, 
	image_id VARCHAR(32) NOT NULL, 
	author TEXT NOT NULL, 
	expires VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (client), 
	CONSTRAINT fk_leases_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT fk_leases_image_id FOREIGN KEY(image_id) REFERENCES images (id)
);
CREATE TABLE people (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	folded TEXT NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	password TEXT, 
	created VARCHAR(32) NOT NULL, 
	CONSTRAINT uq_people_folded UNIQUE (folded)
);
CREATE TABLE places (
	project_id VARCHAR(64) NOT NULL, 
	author TEXT NOT NULL, 
	image_id VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_places PRIMARY KEY (project_id, author), 
	CONSTRAINT fk_places_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT fk_places_image_id FOREIGN KEY(image_id) REFERENCES images (id)
);
CREATE TABLE projects (
	id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	next_category INTEGER NOT NULL, 
	next_image INTEGER NOT NULL, extra JSON, settings JSON, 
	CONSTRAINT pk_projects PRIMARY KEY (id)
);
INSERT INTO "projects" VALUES('p','p','2026-11-23T22:39:51.087Z',3,3,NULL,NULL);
CREATE TABLE version_contents (
	hash VARCHAR(64) NOT NULL, 
	content JSON NOT NULL, 
	CONSTRAINT pk_version_contents PRIMARY KEY (hash)
);
CREATE TABLE version_entries (
	version_id INTEGER NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	image_id VARCHAR(32) NOT NULL, 
	place INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_version_entries PRIMARY KEY (version_id, kind, "key"), 
	CONSTRAINT fk_version_entries_version_id FOREIGN KEY(version_id) REFERENCES versions (id), 
	CONSTRAINT fk_version_entries_hash FOREIGN KEY(hash) REFERENCES version_contents (hash)
);
CREATE TABLE versions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	message TEXT NOT NULL, 
	author TEXT NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	model TEXT NOT NULL, 
	images INTEGER NOT NULL, 
	objects INTEGER NOT NULL, 
	categories INTEGER NOT NULL, 
	extra JSON NOT NULL, 
	CONSTRAINT fk_versions_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_versions_project_id UNIQUE (project_id, name)
);
CREATE INDEX ix_images_order ON images (project_id, sort_key);
CREATE INDEX ix_annotations_image_id ON annotations (image_id);
CREATE INDEX ix_changes_history ON changes (image_id, author, undone);
CREATE INDEX ix_annotations_category ON annotations (category_id, image_id);
CREATE INDEX ix_annotations_review ON annotations (review, author, image_id);
CREATE INDEX ix_leases_image_id ON leases (image_id);
CREATE INDEX ix_version_entries_place ON version_entries (version_id, kind, image_id, place);
CREATE INDEX ix_findings_rule ON findings (project_id, rule, annotation_id);
CREATE INDEX ix_credentials_person_id ON credentials (person_id);
CREATE INDEX ix_audit_what ON audit (what, at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',6);
INSERT INTO "sqlite_sequence" VALUES('categories',2);
INSERT INTO "sqlite_sequence" VALUES('annotations',2);
INSERT INTO "sqlite_sequence" VALUES('changes',4);
COMMIT;
