"""A model in the formats of other systems: CSV, SageMaker, Hugging Face, MLflow. Pure.

Each module makes one format from the answers of the tools, figures as they stand in the answers'
JSON. What every format must carry (source, intervals, the history caveat) is in `carried`.
"""
